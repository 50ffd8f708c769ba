"""A local server with the interface of OpenAI: chat, completions, embeddings."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ChatServer:
    """Answers with `answer(prompt)`; remembers every request.

    `answer` gives a text, a status number to fail with, or a dict that becomes the message.
    Embeddings count letters, so that texts with the same words are near.
    """

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.url = ""

    def respond(self, path, body, key):
        self.requests.append((path, body, key))
        if path.endswith("/embeddings"):
            vectors = [[float(text.lower().count(c)) for c in "abcdefghijklmnopqrstuvwxyz"]
                       for text in body["input"]]  # fmt: skip
            items = [{"index": i, "embedding": v, "object": "embedding"}
                     for i, v in enumerate(vectors)]  # fmt: skip
            return 200, {"object": "list", "model": body["model"], "data": items[::-1]}
        chat = path.endswith("/chat/completions")
        said = self.answer(body["messages"][0]["content"] if chat else body["prompt"])
        if isinstance(said, int):
            return said, {"error": {"message": f"refused, your key was {key}"}}
        message = said if isinstance(said, dict) else {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message} if chat else {"index": 0, "text": said}
        return 200, {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
                     "choices": [{**choice, "finish_reason": "stop"}]}  # fmt: skip


@contextlib.contextmanager
def chat_server(answer):
    """Runs a `ChatServer` on a free port."""
    server = ChatServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Authorization"].removeprefix("Bearer ")
            status, content = server.respond(self.path, body, key)
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}/v1"
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
