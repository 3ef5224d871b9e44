"""talker.py PORT SECONDS WORDS: tells everyone who connects these words, and waits for the end."""

import socket
import sys
import threading


def talk(connection, seconds, words):
    with connection:
        threading.Event().wait(seconds)
        connection.sendall(words.encode("latin-1"))
        while connection.recv(4096):
            pass


def main():
    with socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6,
                              dualstack_ipv6=True) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=talk, args=(connection, float(sys.argv[2]), sys.argv[3]),
                             daemon=True).start()


main()
