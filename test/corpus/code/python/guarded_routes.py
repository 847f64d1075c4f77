"""Routes of one router, all but one of which test who asks."""
from fastapi import APIRouter, Depends, HTTPException

from .people import current_user
from .store import store

router = APIRouter()


@router.post('/notes')
def add(note: dict, user=Depends(current_user)):  # safe: 862
    return store.add(note)


@router.put('/notes/{key}')
def change(key: int, note: dict, user=Depends(current_user)):  # safe: 862
    return store.change(key, note)


@router.delete('/notes/{key}')
def remove(key: int):  # flaw: 862
    return store.remove(key)


@router.post('/notes/{key}/copies', dependencies=[Depends(current_user)])
def copy(key: int):  # safe: 862
    return store.copy(key)


@router.get('/notes')
def notes():  # safe: 862
    return store.all()
