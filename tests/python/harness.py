"""Runs the real program for a test: ports chosen at run time, output kept for the failure's report, all stopped at the end."""

import itertools
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("POINTSMAN_BIN", ROOT / "target/debug/pointsman")).resolve()


# Below the ports that the system gives to every connection that goes out: one of those might be taken before the program has it.
_PORTS = itertools.cycle(range(10_000, 32_000))
for _ in range(os.getpid() * 127 % 22_000):
    next(_PORTS)


def free_address() -> str:
    """A loopback address that nothing listens on."""
    while True:
        port = next(_PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return f"127.0.0.1:{port}"


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 30) -> None:
    """Polls until the condition holds; an AssertionError says what did not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Whether a GET gives a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


class Program:
    """One running `pointsman`; a context manager that ends it."""

    def __init__(self, log: Path, *arguments: str, env: dict[str, str] | None = None):
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [BINARY, *arguments], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=os.environ | (env or {})
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def wait_until(self, what: str, condition: Callable[[], bool]) -> None:
        """As `wait_for`, and fails at once, with the output, if the program ends."""

        def alive_and_true():
            assert self._process.poll() is None, f"ended before {what}:\n{self.log.read_text()}"
            return condition()

        try:
            wait_for(what, alive_and_true)
        except AssertionError:
            self.__exit__()
            raise


class Sim(Program):
    """A simulated vLLM server on a port of its own choice; `url` is its base URL."""

    def __init__(self, folder: Path, name: str, model: str):
        super().__init__(
            folder / f"{name}.log", "sim", "--listen", "127.0.0.1:0", "--model", model, "--name", name,
            "--ttft", "5ms", "--itl", "1ms",
        )  # fmt: skip
        self.wait_until("it listens", lambda: self._listening() is not None)
        self.url = self._listening()[1]

    def _listening(self):
        return re.search(r"listening on (http://\S+)", self.log.read_text())


class Router(Program):
    """A router; `config` is its file without the two listeners. `url` is its base URL with /v1, `admin` the admin listener's."""

    def __init__(self, folder: Path, config: str, env: dict[str, str] | None = None):
        listen, admin = free_address(), free_address()
        self.url, self.admin = f"http://{listen}/v1", f"http://{admin}"
        file = folder / "config.yaml"
        # Time for the encoder on a machine that is busy with other tests.
        file.write_text(f'version: v1\nlisten: "{listen}"\nadmin: {{listen: "{admin}"}}\nembedding: {{timeout: 1m}}\n{config}')
        super().__init__(folder / "router.log", "serve", "--config", str(file), env=env)
        self.wait_until("it is ready", lambda: answers(f"{self.admin}/readyz"))
