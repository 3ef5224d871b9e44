import json, os
import pytest
from sallyport_lab.doctor import doctor
from sallyport_lab.wall import wall
def test_dump(start_server):
    server = start_server(plain_ftp=True, listen="127.0.0.1", data_timeout=2)
    server.add_user()
    with wall(server, os.environ["CAUSE"], *os.environ.get("WALL","").split()) as through:
        o = os.environ.get("OPT","--tls none --allow-plain").replace("CA", str(through.root)).split()
        seen = doctor(os.environ.get("HOST", "127.0.0.1"), "--port", through.port, "--quick", *o)
    for c in seen.answer["causes"]: print(c["id"], c["facts"], c["explanation"])
    print(seen.answer["sentence"])
    for t in seen.transfers:
        print(t.get("view")); 
        print({k: t.get(k) for k in ("mode","operation","is_lenient","result","failure","moved_bytes","acknowledged_bytes","retransmits","mss","end","first_byte_ms","duration_ms")}, t.get("tls"), t.get("final",{}).get("text"), t.get("final",{}).get("outcome"), t.get("preliminary",{}).get("text"), t.get("setup",{}).get("outcome"),t.get("attempt",{}).get("outcome"),t.get("attempt",{}).get("duration_ms"))
    for c in seen.controls: print(c["purpose"], c.get("login"), c.get("ending"), c.get("handshake",{}).get("outcome"), c.get("handshake",{}).get("received_bytes"), [ (e.get("command"), e["reply"].get("text","")[:50], e["reply"].get("outcome")) for e in c.get("exchanges",[])])
    print({k:v for k,v in seen.evidence["idle"].items()} if "idle" in seen.evidence else "")
    assert 0
