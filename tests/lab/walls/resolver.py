"""resolver.py FILE: a DNS server for the names in a JSON file, which is read anew for each question:
{"ftp.example.test": ["203.0.113.10", "2001:db8::1"], "broken.test": "SERVFAIL", "lost.test": "silence"}.
All other names do not exist."""

import ipaddress
import json
import socket
import sys

A, AAAA = 1, 28
SERVFAIL, NXDOMAIN = 2, 3


def name_of(question):
    labels, at = [], 0
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode("ascii").lower())
        at += 1 + question[at]
    return ".".join(labels), question[:at + 5]


def answer(packet, names):
    """The reply, None for none."""
    name, question = name_of(packet[12:])
    kind = int.from_bytes(question[-4:-2], "big")
    known = names.get(name, "NXDOMAIN")
    if known == "silence":
        return None
    records, code = [], 0
    if isinstance(known, list):
        for text in known:
            address = ipaddress.ip_address(text)
            if (A if address.version == 4 else AAAA) == kind:
                records.append(b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\x01\0\0\0\x3c"
                               + len(address.packed).to_bytes(2, "big") + address.packed)
    else:
        code = {"SERVFAIL": SERVFAIL, "NXDOMAIN": NXDOMAIN}[known]
    return (packet[:2] + bytes([0x81, 0x80 | code]) + b"\0\x01" + len(records).to_bytes(2, "big")
            + b"\0\0\0\0" + question + b"".join(records))


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", 53))
        print("ready", flush=True)
        while True:
            packet, peer = server.recvfrom(4096)
            with open(sys.argv[1], encoding="utf-8") as file:
                names = json.load(file)
            reply = answer(packet, names)
            if reply:
                server.sendto(reply, peer)


if __name__ == "__main__":
    main()
