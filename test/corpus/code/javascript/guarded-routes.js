// Routes of one router, all but one of which test who asks.
const express = require('express');
const { signedIn, mayEdit } = require('./people');
const notes = require('./notes');
const router = express.Router();
const open = express.Router();

router.get('/notes', notes.list); // safe: 862
router.post('/notes', signedIn, mayEdit, notes.add); // safe: 862
router.put('/notes/:id', signedIn, mayEdit, notes.change); // safe: 862
router.delete('/notes/:id', notes.remove); // flaw: 862
router.post('/notes/:id/copies', signedIn, mayEdit, notes.copy); // safe: 862
router.post('/contact', notes.contact); // safe: 862

open.post('/a', notes.a); // safe: 862
open.post('/b', notes.b); // safe: 862
open.post('/c', signedIn, notes.c); // safe: 862

module.exports = { router, open };
