"""Drafts in real use, and SITE: HASH and the older X commands, RANG, MFMT, MFCT, MFF, AVBL, DSIZ, CLNT,
CSID, MODE Z."""

import hashlib
import os
import re
import stat
import zlib

import pytest

import mlst
from specification import Row, dialogues, rfc

CONTENT = b"The quick brown fox jumps over the lazy dog\n" * 1000
HASH = "draft-bryan-ftpext-hash"
RANG = "draft-bryan-ftp-range"
MFXX = "draft-somers-ftp-mfxx"
SPACE = "draft-peterson-streamlined-ftp-command-extensions"
DEFLATE = "draft-preston-ftpext-deflate"

DIGESTS = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512", "MD5": "md5"}
OLD = {"XMD5": "md5", "XSHA1": "sha1", "XSHA": "sha1", "XSHA256": "sha256", "XSHA512": "sha512"}


def digest(name, content):
    return hashlib.new(name, content).hexdigest()


# HASH


@pytest.mark.parametrize("algorithm", DIGESTS)
@rfc(f"{HASH} 3", "213, the algorithm, the range, the hash, the path.")
def test_hash(gate, algorithm):
    gate.put("file", CONTENT)
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect(f"OPTS HASH {algorithm}", 200)
    reply = control.expect("HASH file", 213).text
    expected = digest(DIGESTS[algorithm], CONTENT)
    match = re.fullmatch(r"213 (\S+) (\d+)-(\d+) ([0-9a-fA-F]+) (/?file)", reply)
    assert match, reply
    assert match[1] == algorithm
    assert match[2] == "0"
    assert match[4].lower() == expected


@rfc(f"{HASH} 3", "CRC32 is an algorithm of the draft's list.")
def test_crc32(gate):
    gate.put("file", CONTENT)
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("OPTS HASH CRC32", 200)
    assert f"{zlib.crc32(CONTENT):08x}" in control.expect("HASH file", 213).text.lower()


@rfc(f"{HASH} 3.2", "FEAT lists the algorithms, the chosen one with a star.")
def test_feat_of_hash(gate):
    control = gate.login()

    def starred():
        line = next(x for x in control.expect("FEAT", 211).lines if x.startswith(" HASH "))
        names = line[6:].rstrip(";").split(";")
        known = {name.rstrip("*") for name in names}
        assert {"SHA-1", "SHA-256", "SHA-512", "MD5", "CRC32"} <= known
        return [name[:-1] for name in names if name.endswith("*")]

    assert starred() == ["SHA-256"]
    control.expect("OPTS HASH SHA-512", 200)
    assert starred() == ["SHA-512"]


test_hash_errors = dialogues(
    Row(f"{HASH} 3.1", "opts", "OPTS HASH chooses; without a name it tells what is chosen.", """
        OPTS HASH -> 200 SHA-256
        OPTS HASH SHA-1 -> 200 SHA-1
        OPTS HASH -> 200 SHA-1
        OPTS HASH sha-512 -> 200 SHA-512
        OPTS HASH WHIRLPOOL -> 504/501
        OPTS HASH -> 200 SHA-512
        """),
    Row(f"{HASH} 3", "missing", "HASH of what is not there: 550.", "HASH nothing -> 550"),
    Row(f"{HASH} 3", "directory", "HASH of a directory: 550 (or 553).", "HASH a -> 550/553",
        files={"a/": None}),
    Row(f"{HASH} 3", "no-argument", "HASH wants a path: 501.", "HASH -> 501"),
    Row(f"{HASH} 3", "before-login", "HASH needs a login: 530.", "HASH file -> 530", state="ready"),
    Row(f"{HASH} 3", "no-right", "Who may not download may not hash.", "HASH file -> 550",
        user="dropper", files={"file": b""}),
    Row(f"{HASH} 3", "empty", "The hash of nothing.",
        "HASH file -> 213 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        files={"file": b""}),
    Row(f"{HASH} 3", "rein", "REIN chooses the default again.", """
        OPTS HASH SHA-1 -> 200
        REIN -> 220
        OPTS HASH -> 200 SHA-256
        """),
)


@pytest.mark.parametrize("verb", OLD)
@rfc(f"{HASH} A", "The older commands: 250 (or 213) and the hash.")
def test_old_hashes(gate, verb):
    gate.put("with blank", CONTENT)
    control = gate.login()
    reply = control.expect(f"{verb} with blank", 250, 213)
    assert digest(OLD[verb], CONTENT) in reply.text.lower()
    quoted = control.expect(f'{verb} "with blank"', 250, 213)
    assert digest(OLD[verb], CONTENT) in quoted.text.lower()
    part = control.expect(f'{verb} "with blank" 10 100', 250, 213)
    assert digest(OLD[verb], CONTENT[10:100]) in part.text.lower()
    start = control.expect(f'{verb} "with blank" 10', 250, 213)
    assert digest(OLD[verb], CONTENT[10:]) in start.text.lower()


@rfc(f"{HASH} A", "XCRC: eight hexadecimal digits, and ranges.")
def test_xcrc(gate):
    gate.put("file", CONTENT)
    control = gate.login()
    for command, part in (("XCRC file", CONTENT), ('XCRC "file" 5 50', CONTENT[5:50]),
                          ('XCRC "file" 0 1', CONTENT[:1])):
        reply = control.expect(command, 250)
        assert re.fullmatch(rf"250 0*{zlib.crc32(part):08x}", reply.text.lower()), reply


test_old_hash_errors = dialogues(
    Row(f"{HASH} A", "errors", "What cannot be: 550 and 501.", """
        XCRC nothing -> 550
        XMD5 -> 501
        XSHA1 "unfinished -> 501/550
        XCRC "file" 100 200 -> 501/550/554
        XCRC "file" 3 1 -> 501
        XCRC "file" a b -> 501
        """, files={"file": b"0123"}),
    Row(f"{HASH} A", "numbers-in-names", "A name that ends in numbers is a name when it is there.",
        "XCRC report 2024 -> 250", files={"report 2024": b""}),
)


# RANG


@pytest.mark.parametrize("first, last, expected", [
    (0, 3, b"0123"), (2, 2, b"2"), (5, 9, b"56789"), (5, 1000, b"56789"), (9, 9, b"9")])
@rfc(f"{RANG} 3", "RANG first last, then RETR: these octets, both ends included; for one transfer.")
def test_rang_retr(gate, first, last, expected):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect(f"RANG {first} {last}", 350)
    assert control.download("file") == expected
    assert control.download("file") == b"0123456789"


@rfc(f"{RANG} 3", "RANG, then STOR: these octets are replaced and the rest stays.")
def test_rang_stor(gate):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("RANG 3 5", 350)
    control.upload("file", b"abc")
    assert (gate.home / "file").read_bytes() == b"012abc6789"


@rfc(f"{RANG} 3", "What arrives behind the end of the range does not change the file behind it.")
def test_rang_stor_too_much(gate):
    gate.put("file", b"0123456789")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("RANG 3 5", 350)
    done = control.transfer("STOR file", b"abcXYZ")
    assert (gate.home / "file").read_bytes() == b"012abc6789", done.final


@rfc(f"{RANG} 3", "RANG, then HASH: the hash of these octets.")
def test_rang_hash(gate):
    gate.put("file", CONTENT)
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("RANG 10 99", 350)
    reply = control.expect("HASH file", 213).text
    assert " 10-99 " in reply
    assert digest("sha256", CONTENT[10:100]) in reply.lower()
    assert digest("sha256", CONTENT) in control.expect("HASH file", 213).text.lower()


test_rang = dialogues(
    Row(f"{RANG} 3", "feat", "FEAT says RANG STREAM.", r"FEAT -> 211 \n RANG STREAM\n"),
    Row(f"{RANG} 3", "reset", "RANG 1 0 takes the range back.", """
        TYPE I -> 200
        RANG 2 3 -> 350
        RANG 1 0 -> 350
        """),
    Row(f"{RANG} 3", "nonsense", "Two decimal numbers, in order: 501.", """
        TYPE I -> 200
        RANG -> 501
        RANG 1 -> 501
        RANG a b -> 501
        RANG 5 2 -> 501
        RANG 1 2 3 -> 501
        RANG -1 2 -> 501
        """),
    Row(f"{RANG} 3", "behind-the-end", "A range that begins behind the end: 554 (or 551, 550).", """
        TYPE I -> 200
        RANG 100 200 -> 350
        RETR file -> 554/551/550
        """, files={"file": b"0123"}),
    Row(f"{RANG} 3", "in-type-a", "RANG is for streams of octets: refused in TYPE A, or served.",
        "RANG 0 1 -> 350/501/504/551"),
)


# MFMT, MFCT, MFF


@rfc(f"{MFXX} 3", "MFMT sets the time; 213 tells it as a fact, then the path.")
def test_mfmt(gate):
    path = gate.put("with blank")
    control = gate.login()
    reply = control.expect("MFMT 20010909014640 with blank", 213)
    assert re.fullmatch(r"213 [Mm]odify=20010909014640; /?with blank", reply.text)
    assert path.stat().st_mtime == 1_000_000_000
    assert mlst.one(control, "with blank").modify == "20010909014640"
    assert control.expect("MDTM with blank", 213).text == "213 20010909014640"


@pytest.mark.parametrize("when, mtime", [("19700101000000", 0), ("20380119031413", 2**31 + 5),
                                         ("21000101000000", 4_102_444_800),
                                         ("20000229120000", 951_825_600),
                                         ("20010909014640.5", 1_000_000_000)])
@rfc(f"{MFXX} 3", "Any time-val of RFC 3659 2.3.")
def test_mfmt_times(gate, when, mtime):
    path = gate.put("file")
    gate.login().expect(f"MFMT {when} file", 213)
    assert int(path.stat().st_mtime) == mtime


test_mfxx = dialogues(
    Row(f"{MFXX} 3", "mfmt-errors", "No time: 501. No file: 550.", """
        MFMT -> 501
        MFMT 20010909014640 -> 501
        MFMT 2001 file -> 501
        MFMT 20010230000000 file -> 501
        MFMT 20011301000000 file -> 501
        MFMT 20010101250000 file -> 501
        MFMT 20010909014640 nothing -> 550
        """, files={"file": b""}),
    Row(f"{MFXX} 3", "mfmt-no-right", "Who may not change attributes: 550.",
        "MFMT 20010909014640 file -> 550", user="reader", files={"file": b""}),
    Row(f"{MFXX} 3", "mfmt-of-a-directory", "Directories have times as well.",
        "MFMT 20010909014640 a -> 213/550", files={"a/": None}),
    Row(f"{MFXX} 4", "mfct", "The time of creation cannot be set here: 504 (or 550).",
        "MFCT 20010909014640 file -> 504/550/502", files={"file": b""}),
    Row(f"{MFXX} 5", "mff", "MFF sets facts and tells them.",
        "MFF Modify=20010909014640;UNIX.mode=0640; file -> 213 20010909014640.*file",
        files={"file": b""}),
    Row(f"{MFXX} 5", "mff-any-case", "Facts are known in any case.",
        "MFF modify=20010909014640;unix.MODE=0640; file -> 213", files={"file": b""}),
    Row(f"{MFXX} 5", "mff-errors", "Unknown facts: 504; no facts: 501; no file: 550.", """
        MFF Size=5; file -> 504/501
        MFF Modify=xyz; file -> 501
        MFF UNIX.mode=99; file -> 501
        MFF Modify=20010909014640 file -> 501
        MFF -> 501
        MFF Modify=20010909014640; nothing -> 550
        """, files={"file": b""}),
)


@rfc(f"{MFXX} 5", "One fact that cannot be changed: none is changed.")
def test_mff_is_all_or_nothing(gate):
    path = gate.put("file", b"", 1_000_000_000)
    control = gate.login()
    for facts in ("Modify=20200101000000;Size=5;", "Modify=20200101000000;UNIX.mode=999;"):
        control.expect(f"MFF {facts} file", 501, 504, 550)
        assert path.stat().st_mtime == 1_000_000_000, facts


# Space, names of clients


test_space = dialogues(
    Row(f"{SPACE} 4", "avbl", "AVBL: 213 and the free bytes.", r"""
        AVBL -> 213 ^213 \d+$
        AVBL a -> 213 ^213 \d+$
        AVBL nothing -> 550
        """, files={"a/": None}),
    Row(f"{SPACE} 5", "dsiz", "DSIZ: 213 and the bytes of all files beneath.", """
        DSIZ a -> 213 ^213 12$
        DSIZ a/b -> 213 ^213 5$
        DSIZ nothing -> 550
        """, files={"a/one": b"1234567", "a/b/two": b"12345"}),
    Row(f"{SPACE} 2", "csid", "CSID: 200 and the server's own.", """
        CSID Name=Client;Version=1; -> 200 Name=.*;Version=.*;
        """, state="ready"),
    Row("FEAT convention", "clnt", "CLNT: 200.", "CLNT some client 1.0 -> 200", state="ready"),
)


# MODE Z


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
@rfc(f"{DEFLATE} 3", "In MODE Z the data is one zlib stream, both ways.")
def test_mode_z(gate, size):
    content = (b"0123456789" * (size // 10 + 1))[:size]
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("MODE Z", 200)
    control.upload("file", zlib.compress(content))
    assert (gate.home / "file").read_bytes() == content
    packed = control.download("file")
    assert zlib.decompress(packed) == content
    assert size < 1000 or len(packed) < size / 10


@rfc(f"{DEFLATE} 3", "Listings are compressed as well.")
def test_mode_z_listing(gate):
    gate.put("file")
    control = gate.login()
    control.expect("MODE Z", 200)
    for command in ("LIST", "NLST", "MLSD"):
        assert b"file" in zlib.decompress(control.transfer(command).data)
    control.expect("MODE S", 200)
    assert control.listing("NLST") == ["file"]


@rfc(f"{DEFLATE} 3", "What is no zlib stream, or ends early, is refused.")
@pytest.mark.parametrize("payload", [b"not zlib", zlib.compress(CONTENT)[:50], b""],
                         ids=["garbage", "cut", "nothing"])
def test_mode_z_broken(gate, payload):
    control = gate.login()
    control.expect("MODE Z", 200)
    running = control.start("STOR file")
    try:
        running.data.sendall(payload)
        if gate.is_tls:
            running.data.unwrap()
    except OSError:
        pass
    running.data.close()
    control.expect_reply(426, 451)


@rfc(f"{DEFLATE} 3", "REST and TYPE A go together with MODE Z.")
def test_mode_z_with_rest_and_ascii(gate):
    gate.put("file", b"one\ntwo\n")
    control = gate.login()
    control.expect("MODE Z", 200)
    assert zlib.decompress(control.download("file")) == b"one\r\ntwo\r\n"
    control.expect("TYPE I", 200)
    control.expect("REST 4", 350)
    assert zlib.decompress(control.download("file")) == b"two\n"


test_mode_z_options = dialogues(
    Row(f"{DEFLATE} 3.2", "feat", "FEAT says MODE Z.", r"FEAT -> 211 \n MODE Z\n"),
    Row(f"{DEFLATE} 3.2", "opts", "OPTS MODE Z LEVEL n.", """
        OPTS MODE Z LEVEL 9 -> 200
        OPTS MODE Z LEVEL 1 -> 200
        OPTS MODE Z LEVEL 10 -> 501
        OPTS MODE Z LEVEL x -> 501
        OPTS MODE Z ENGINE ZLIB -> 200/501
        """),
    Row(f"{DEFLATE} 3", "rein", "REIN sets MODE S.", """
        MODE Z -> 200
        REIN -> 220
        USER alice -> 331
        PASS correct horse battery -> 230
        STAT -> 211 MODE S
        """),
    Row(f"{DEFLATE} 3", "stat", "STAT tells the mode.", """
        MODE Z -> 200
        STAT -> 211 MODE Z
        """),
)


# SITE


@rfc("959 4.1.3", "SITE CHMOD changes the permission bits.")
def test_site_chmod(gate):
    path = gate.put("with blank")
    control = gate.login()
    control.expect("SITE CHMOD 640 with blank", 200)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    control.expect("SITE CHMOD 0755 with blank", 200)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@rfc("959 4.1.3", "SITE UTIME in both forms that clients send.")
def test_site_utime(gate):
    path = gate.put("with blank")
    control = gate.login()
    control.expect("SITE UTIME 20010909014640 with blank", 200)
    assert path.stat().st_mtime == 1_000_000_000
    control.expect("SITE UTIME with blank 20010909014641 20010909014642 20010909014643 UTC", 200)
    assert path.stat().st_mtime == 1_000_000_002


@rfc("959 4.1.3", "SITE CPFR and CPTO copy.")
def test_site_copy(gate):
    gate.put("one", CONTENT)
    control = gate.login()
    control.expect("SITE CPFR one", 350)
    control.expect("SITE CPTO two", 250, 200)
    assert (gate.home / "two").read_bytes() == CONTENT
    control.expect("SITE CPTO three", 503)
    control.expect("SITE CPFR one", 350)
    control.expect("SITE CPTO one", 550, 553)
    assert (gate.home / "one").read_bytes() == CONTENT


@rfc("959 4.1.3", "SITE SYMLINK makes a link that leads nowhere else.")
def test_site_symlink(gate):
    gate.put("folder/file", b"content")
    control = gate.login()
    control.expect("TYPE I", 200)
    control.expect("SITE SYMLINK folder/file link", 200)
    assert control.download("link") == b"content"
    control.expect("SITE SYMLINK /folder/file folder/other", 200)
    assert control.download("folder/other") == b"content"
    control.expect("SITE SYMLINK ../../../../etc/passwd out", 200, 550)
    assert control.transfer("RETR out").code == 550
    assert not os.path.isabs(os.readlink(gate.home / "link"))


test_site = dialogues(
    Row("959 4.1.3", "site-any-case", "SITE commands are known in any case.", """
        site help -> 214/200
        SITE chmod 600 file -> 200
        """, files={"file": b""}),
    Row("959 4.1.3", "site-without-argument", "SITE wants one: 501.", "SITE -> 501"),
    Row("959 4.1.3", "site-chmod-errors", "What cannot be: 501 and 550.", """
        SITE CHMOD -> 501
        SITE CHMOD 999 file -> 501
        SITE CHMOD 644 nothing -> 550
        SITE CHMOD 4755 file -> 501/550/553
        """, files={"file": b""}),
    Row("959 4.1.3", "site-mkdir", "SITE MKDIR -p makes all of a path; RMDIR -r removes it.", """
        SITE MKDIR a/b -> 550
        SITE MKDIR -p a/b/c -> 200/257
        CWD a/b/c -> 250
        CWD / -> 250
        SITE RMDIR a -> 550
        SITE RMDIR -r a -> 200/250
        CWD a -> 550
        SITE RMDIR -r / -> 550
        """),
    Row("959 4.1.3", "site-idle", "SITE IDLE tells and sets the time limit.", """
        SITE IDLE -> 200
        SITE IDLE 60 -> 200 60
        SITE IDLE -> 200 60
        SITE IDLE 0 -> 501
        SITE IDLE x -> 501
        SITE IDLE 99999999 -> 501
        """),
    Row("959 4.1.3", "site-who", "SITE WHO tells one's own sessions.", "SITE WHO -> 200/211 this one"),
    Row("959 4.1.3", "site-rights", "SITE commands ask for the rights of what they do.", """
        SITE CHMOD 600 file -> 550
        SITE UTIME 20010909014640 file -> 550
        SITE MKDIR x -> 550
        SITE RMDIR x -> 550
        SITE SYMLINK file x -> 550
        SITE CPFR file -> 350
        SITE CPTO x -> 550
        """, user="reader", files={"file": b""}),
    Row("959 4.1.3", "site-before-login", "SITE needs a login: 530.", "SITE HELP -> 530", state="ready"),
    Row("959 4.1.3", "cpto-first", "SITE CPTO without CPFR: 503.", "SITE CPTO x -> 503"),
)
