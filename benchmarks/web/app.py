"""The web application: pages, and what their scripts ask for."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from benchmarks.duplicates.finding import Finding
from benchmarks.duplicates.page import facts_of, is_listable
from benchmarks.duplicates.picture import Picture
from benchmarks.duplicates.written import told
from benchmarks.search.answer import Answer
from benchmarks.search.choice import overviews
from benchmarks.search.query import Crop, Query
from benchmarks.search.words import LONGEST, Words
from benchmarks.system.page_templates import page_environment
from benchmarks.web.cache import GoneError
from benchmarks.web.guard import Guard
from benchmarks.web.leaderboard import read_leaderboard
from benchmarks.web.service import Service
from datasets.errors import BenchmarkError
from datasets.safe_text import one_line

STATIC = Path(__file__).with_name("static")


class SearchRequest(BaseModel):
    """One method's search for a picture that was sent before."""

    query: str
    gallery: int
    method: str
    k: int = Field(12, ge=1, le=100)
    crop: str | None = None
    face: int | None = Field(None, ge=1)
    once: bool = False
    """Of hits that show the same picture the first alone."""


class WordsRequest(BaseModel):
    """One method's search in words."""

    words: str = Field(max_length=10 * LONGEST)
    gallery: int
    method: str
    k: int = Field(12, ge=1, le=100)
    once: bool = False


class ExplainRequest(BaseModel):
    """One hit of an answer that was given before."""

    answer: str
    place: int = Field(ge=0)


def create_app(service: Service) -> FastAPI:
    """The application over an opened service."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, most_bytes=service.settings.most_bytes, hosts=service.settings.hosts)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _add_pages(app, service)
    _add_pictures(app, service)
    _add_searching(app, service)
    _add_errors(app, service)
    return app


def _add_pages(app: FastAPI, service: Service) -> None:
    environment = page_environment("benchmarks.web")

    @app.get("/", response_class=HTMLResponse)
    def search_page() -> str:
        galleries = [
            {
                "number": number,
                "title": opened.title,
                "images": len(opened.gallery),
                "changes": opened.changes,
                "methods": service.methods(number),
            }
            for number, opened in enumerate(service.opened)
        ]
        page = environment.get_template("search.html.j2")
        return page.render(galleries=galleries, tab="search", most_bytes=service.settings.most_bytes)

    @app.get("/copies", response_class=HTMLResponse)
    def copies_page() -> str:
        folders = [(number, opened) for number, opened in enumerate(service.opened) if opened.changes]
        return environment.get_template("copies.html.j2").render(folders=folders, tab="copies")

    @app.get("/leaderboard", response_class=HTMLResponse)
    def leaderboard_page() -> str:
        rows = next(filter(None, map(read_leaderboard, overviews(service.settings.tables))), [])
        datasets = list(dict.fromkeys(row.dataset for row in rows))
        families = sorted({row.family for row in rows})
        page = environment.get_template("leaderboard.html.j2")
        return page.render(rows=rows, datasets=datasets, families=families, tab="leaderboard")


def _add_pictures(app: FastAPI, service: Service) -> None:
    @app.post("/api/queries")
    async def keep_query(request: Request) -> dict[str, object]:
        """The body is the image itself: no form, so that no other site can send one unasked."""
        try:
            data = await request.body()
        except ClientDisconnect as gone:  # nobody is there to be told
            raise HTTPException(400, "the picture was not sent whole") from gone
        name = one_line(Path(unquote(request.headers.get("x-name", "")[:2000])).name, 100) or "picture"
        return _kept(*await run_in_threadpool(service.uploads.keep, data, name))

    @app.post("/api/galleries/{gallery}/images/{id}/query")
    def keep_image(gallery: int, id: int) -> dict[str, object]:
        """A gallery's image becomes the picture that is searched for."""
        return _kept(*service.keep_image(gallery, _number(id)))

    @app.get("/api/queries/{query}/picture")
    def query_picture(query: str) -> Response:
        return Response(service.uploads.preview(query), media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @app.get("/api/galleries/{gallery}/images/{id}")
    def gallery_picture(gallery: int, id: int) -> Response:
        return Response(
            service.thumbnail(gallery, _number(id)), media_type="image/jpeg", headers={"Cache-Control": "no-store"}
        )


def _kept(token: str, query: Query) -> dict[str, object]:
    """What the page is told of a picture that is kept to be searched for."""
    height, width = query.image.shape[:2]
    return {"query": token, "name": query.name, "width": width, "height": height, "notes": query.notes}


def _number(id: int) -> int:
    """An image's number as it came in an address; raises HTTPException for one that SQLite could not hold."""
    if abs(id) >= 2**63:
        raise HTTPException(404, "there is no image of that number")
    return id


def _add_searching(app: FastAPI, service: Service) -> None:
    @app.post("/api/search")
    def search(asked: SearchRequest) -> dict[str, object]:
        crop = Crop.parse(asked.crop) if asked.crop else None
        token, answer = service.search(asked.query, asked.gallery, asked.method, asked.k, crop, asked.face, asked.once)
        return _answered(service, asked.gallery, token, answer)

    @app.post("/api/words")
    def search_words(asked: WordsRequest) -> dict[str, object]:
        words = Words.parse(asked.words)
        return _answered(
            service, asked.gallery, *service.search_words(words, asked.gallery, asked.method, asked.k, asked.once)
        )

    @app.post("/api/explain")
    def explain(asked: ExplainRequest) -> dict[str, str | None]:
        return _told(service, service.explain(asked.answer, asked.place))

    @app.post("/api/galleries/{gallery}/copies")
    def copies(gallery: int) -> dict[str, object]:
        """Groups of copies in a folder, each with the suggested picture first."""
        finding = service.copies(gallery)
        groups = [[_copy(finding, picture, group[0]) for picture in group] for group in finding.groups]
        return {"groups": groups, **_told(service, {"notes": told(finding, all_pairs="")})}

    @app.post("/api/galleries/{gallery}/look")
    def look(gallery: int) -> dict[str, object]:
        """Take up images that came, changed or went since the gallery was looked through."""
        images, changed = service.look_again(gallery)
        return {"images": images, "changed": changed}

    @app.get("/api/progress")
    async def progress(of: str = "") -> dict[str, str]:
        """Never waits: it is asked while a search by the method `of` is under way."""
        return {"progress": service.progress(of)}


def _answered(service: Service, gallery: int, token: str, answer: Answer) -> dict[str, object]:
    return {"answer": token, "images": len(service.galleries[gallery]), **_told(service, answer.to_json())}


def _copy(finding: Finding, picture: Picture, best: Picture) -> dict[str, object]:
    return {
        "id": picture.id,
        "path": picture.path,
        "facts": facts_of(picture, best),
        "best": picture is best,
        "listable": is_listable(finding, picture),
    }


def _told(service: Service, document: Any) -> Any:
    """Plain data as it may be told to whoever can ask."""
    return document if service.hiding is None else service.hiding.document(document)


def _add_errors(app: FastAPI, service: Service) -> None:
    @app.exception_handler(BenchmarkError)
    async def user_error(request: Request, error: BenchmarkError) -> JSONResponse:
        said = _told(service, {"error": one_line(str(error))})
        return JSONResponse(said, 410 if isinstance(error, GoneError) else 422)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return JSONResponse(
            {"error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, 404 if first["loc"][0] == "path" else 422
        )

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        """What went wrong is written where the server runs, and not told to the browser."""
        return JSONResponse({"error": "the search failed: the terminal of the server says why"}, 500)
