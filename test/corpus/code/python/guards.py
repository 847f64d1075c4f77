"""Tests that come before a use, and those that only look as if they did."""
import os
import pathlib
import random
import subprocess
import xml.dom.minidom
import xml.sax
import xml.sax.handler
from urllib.parse import urlparse

import lxml.etree
import pickle
import yaml
from flask import Flask, abort, make_response, redirect, request

import directory
from shop.state import login_sessions, palettes

app = Flask(__name__)
ROOT = '/srv/files'


@app.route('/leave')
def leave():
    target = request.args['to']
    parts = urlparse(target)
    if parts.netloc not in ('shop.example', 'help.example') or parts.scheme != 'https':
        abort(400)
    return redirect(target)  # safe: 601


@app.route('/back')
def back():
    target = request.args['to']
    if urlparse(target).netloc != request.host:
        return 'no'
    return redirect(target)  # safe: 601


@app.route('/local')
def local():
    target = request.args['to']
    if not urlparse(target).netloc:
        return redirect(target)  # safe: 601
    return redirect(target)  # flaw: 601


@app.route('/scheme')
def scheme():
    target = request.args['to']
    parts = urlparse(target)
    if parts.scheme != 'https':
        abort(400)
    return redirect(target)  # flaw: 601


@app.route('/relative')
def relative():
    path = os.path.realpath(os.path.join(ROOT, request.args['name']))
    inner = os.path.relpath(path, ROOT)
    if inner.startswith('..'):
        abort(404)
    return open(path).read()  # safe: 22


@app.route('/common')
def common():
    path = os.path.realpath(os.path.join(ROOT, request.args['name']))
    if os.path.commonpath([ROOT, path]) != ROOT:
        abort(404)
    return open(path).read()  # safe: 22


@app.route('/below')
def below():
    path = (pathlib.Path(ROOT) / request.args['name']).resolve()
    path.relative_to(ROOT)
    return path.read_text()  # safe: 22


@app.route('/long')
def long():
    path = os.path.realpath(os.path.join(ROOT, request.args['name']))
    if len(path) < 10:
        abort(404)
    return open(path).read()  # flaw: 22


@app.route('/remember')
def remember():
    value = str(random.getrandbits(64))
    login_sessions[request.form['name']] = value  # flaw: 330
    palettes['latest'] = str(random.randint(0, 255))  # safe: 330
    other = str(random.SystemRandom().getrandbits(64))
    login_sessions['other'] = other  # safe: 330
    return 'done'


@app.route('/shell')
def shell():
    words = []
    if os.name == 'nt':
        words.append('cmd.exe')
        words.append('/c')
    else:
        words.append('sh')
        words.append('-c')
    words.append('convert ' + request.args['name'])
    subprocess.run(words)  # flaw: 78
    plain = ['convert']
    plain.append(request.args['name'])
    subprocess.run(plain)  # safe: 78
    return 'done'


@app.route('/people')
def people():
    link = directory.link()
    name = request.args['name']
    link.search('ou=people', f'(&(objectClass=person)(uid={name}))')  # flaw: 90
    link.search('ou=people', f'(&(objectClass=person)(uid={len(name)}))')  # safe: 90
    link.search('people', name)  # safe: 90
    return 'done'


@app.route('/document')
def document():
    reader = xml.sax.make_parser()
    reader.setFeature(xml.sax.handler.feature_external_ges, True)
    xml.dom.minidom.parseString(request.data, reader)  # flaw: 611
    xml.dom.minidom.parseString('<empty/>', reader)  # safe: 611
    closed = xml.sax.make_parser()
    closed.setFeature(xml.sax.handler.feature_external_ges, False)
    xml.dom.minidom.parseString(request.data, closed)  # safe: 611
    xml.dom.minidom.parseString(request.data)  # safe: 611
    tight = lxml.etree.XMLParser(resolve_entities=False)
    lxml.etree.fromstring(request.data, tight)  # safe: 611
    loose = lxml.etree.XMLParser(resolve_entities=True)
    lxml.etree.fromstring(request.data, loose)  # flaw: 611
    return 'done'


@app.route('/objects')
def objects():
    fixed = 'gAR9cQAu'
    pickle.loads(fixed.encode())  # safe: 502
    pickle.loads(bytes.fromhex(request.args['state']))  # flaw: 502
    yaml.load('a: 1', Loader=yaml.Loader)  # safe: 502
    yaml.load(request.data, Loader=yaml.Loader)  # flaw: 502
    return 'done'


@app.route('/headers')
def headers():
    answer = make_response(('ready', {'x-name': request.args['name']}))  # safe: 79
    other = make_response((request.args['name'], 200))  # flaw: 79
    return answer if request.args.get('first') else other


@app.route('/fixed')
def fixed():
    return open(ROOT + request.path).read()  # safe: 22


@app.route('/open/<path:name>')
def opened(name):
    return open(ROOT + request.path).read()  # flaw: 22


@app.route('/literal')
def literal():
    text = request.args['text']
    if not text.startswith("'") or not text.endswith("'") or "'" in text[1:-1]:
        abort(400)
    return str(eval(text))  # safe: 94


@app.route('/half-literal')
def half_literal():
    text = request.args['text']
    if not text.startswith("'") or not text.endswith("'"):
        abort(400)
    return str(eval(text))  # flaw: 94
