"""The command line and a manager that is about to leave."""

import socket

from sallyport_lab.control import Background

ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
          b"Content-Length: 16\r\n\r\n{\"sessions\": []}")


def serve(listener):
    """Hangs up on the first connection without a word, as one does that is ending, and on those that
    only try whether anybody listens; answers the first request and returns it."""
    listener.accept()[0].close()
    while True:
        with listener.accept()[0] as connection:
            request = connection.recv(65536)
            if request:
                connection.sendall(ANSWER)
                return request


def test_a_question_goes_to_the_next_manager_when_the_old_one_hangs_up(start_server):
    server = start_server()
    server.terminate()
    path = server.run_directory / "manager.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(16)
        answering = Background(serve, listener)
        done = server.cli_json("session", "list")
        assert b"GET /api/v1/sessions" in answering.result()
    assert done == {"sessions": []}
