import os
import sqlite3
from typing import Optional
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from pydantic import BaseModel

app = FastAPI()
router = APIRouter()


class Filter(BaseModel):
    name: str
    size: int


def database():
    return sqlite3.connect('a.db')


@app.get('/items/{name}')
async def items(name: str, db=Depends(database)):
    db.execute(f"SELECT * FROM item WHERE name = '{name}'")
    db.execute('SELECT * FROM item WHERE name = ?', (name,))


@app.get('/numbers/{number}')
async def numbers(number: int, key: UUID, db=Depends(database)):
    db.execute(f'SELECT * FROM item WHERE id = {number}')
    db.execute(f"SELECT * FROM item WHERE key = '{key}'")


@router.post('/filter')
def by_filter(filter: Filter):
    database().execute("SELECT * FROM item WHERE name = '" + filter.name + "'")


@app.get('/page', response_class=HTMLResponse)
def page(title: str = Query('x')):
    return HTMLResponse('<h1>' + title + '</h1>')


@app.get('/go')
def go(to: str):
    return RedirectResponse(to)


@app.get('/file')
def file(name: str):
    return FileResponse('/srv/' + name)


@app.get('/file-safe')
def file_safe(name: str):
    return FileResponse('/srv/' + os.path.basename(name))


@app.post('/ask')
async def ask(request: Request):
    body = await request.json()
    async with httpx.AsyncClient() as client:
        await client.get(body['url'])
        await client.get('https://api.example.com/' )


@app.get('/run')
def run(command: Optional[str] = None):
    os.system(command)
    os.system('ls')
