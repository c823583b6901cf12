"""A service over small galleries, for tests of the web page."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search_support import fill

from benchmarks.search.gallery import silent
from benchmarks.search.searcher import Places
from benchmarks.web.service import Service
from benchmarks.web.settings import Settings

HEADER = "dataset,subset,task,method,family,supervised,status,trained,hit@1,hit@1_low,hit@1_high,mAP,p50_ms,peak_bytes"
TABLE = f"""{HEADER}
lfw,standard,retrieval,phash,hash,False,ok,True,0.039,0.02,0.06,0.02,1.1,31000000
lfw,standard,retrieval,svm,classifier,True,ok,True,0.037,0.02,0.06,0.03,10.2,900000000
lfw,standard,retrieval,mtcnn-facenet,face embedding,False,ok,True,0.987,0.97,1.0,0.95,91.4,1200000000
lfw,standard,retrieval,resnet50,embedding,False,ok,False,,,,,80,1300000000
lfw,standard,robustness,phash,hash,,ok,,,,,,,
cifar10,standard,retrieval,<b>plug,hash,False,ok,True,0.2,0.1,0.3,0.1,1,1
"""


def small_service(root: Path, vector_store: str | None = None, **settings) -> Service:
    """Two galleries: 25 pictures in a folder, and 6 in another with labels."""
    fill(root / "photos", 25)
    fill(root / "labelled", 6, labels=2)
    (root / "tables").mkdir()
    (root / "tables" / "overview.csv").write_text(TABLE)
    names = (str(root / "photos"), str(root / "labelled"))
    return Service(
        Settings(names, Places(root / "index", vector_store=vector_store), root / "tables", **settings), silent
    )


@contextmanager
def served(service: Service) -> Iterator[str]:
    """The address at which a service answers meanwhile."""
    import uvicorn

    from benchmarks.web.app import create_app

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
