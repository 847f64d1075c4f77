import base64
import hashlib
import json
import logging
import os
import pickle
import random
import re
import secrets
import shlex
import subprocess
import tempfile
import urllib.parse
import urllib.request

import jwt
import ldap
import ldap.filter
import lxml.etree
import requests
import yaml
from flask import Flask, Response, make_response, redirect, render_template, render_template_string, request, send_file, session, url_for
from markupsafe import Markup, escape
from werkzeug.utils import secure_filename

app = Flask(__name__)
BASE = '/srv/data'


@app.route('/ping')
def ping():
    host = request.args['host']
    os.system(f'ping -c 1 {host}')
    subprocess.run(['ping', '-c', '1', host])
    subprocess.run('ping -c 1 ' + shlex.quote(host), shell=True)
    subprocess.Popen('ping ' + host, shell=True)
    subprocess.check_output(['sh', '-c', 'ping ' + host])
    return 'ok'


@app.route('/tool')
def tool():
    name = request.args['tool']
    tools = {'a': '/usr/bin/a', 'b': '/usr/bin/b'}
    if name not in tools:
        return 'no'
    os.popen(tools[name])
    os.popen(name)
    return 'ok'


@app.route('/eval')
def evaluate():
    text = request.args['text']
    value = eval(text)
    exec('x = 1')
    data = json.loads(text)
    return str(value) + str(data)


@app.route('/files')
def files():
    name = request.args['name']
    with open(os.path.join(BASE, name)) as file:
        first = file.read()
    with open(os.path.join(BASE, secure_filename(name))) as file:
        second = file.read()
    with open(os.path.join(BASE, os.path.basename(name))) as file:
        third = file.read()
    full = os.path.abspath(os.path.join(BASE, name))
    if not full.startswith(BASE + '/'):
        return 'no'
    with open(full) as file:
        return first + second + third + file.read()


@app.route('/download')
def download():
    return send_file('/srv/' + request.args['name'])


@app.route('/remove')
def remove():
    target = request.args['name']
    if '..' in target or target.startswith('/'):
        return 'no'
    os.remove(BASE + '/' + target)
    return 'ok'


@app.route('/hello')
def hello():
    return '<p>Hello ' + request.args['name'] + '</p>'


@app.route('/hello-escaped')
def hello_escaped():
    return '<p>Hello ' + escape(request.args['name']) + '</p>'


@app.route('/hello-number')
def hello_number():
    return f"<p>{int(request.args['n'])}</p>"


@app.route('/hello-json')
def hello_json():
    return {'name': request.args['name']}


@app.route('/hello-plain')
def hello_plain():
    return Response('Hello ' + request.args['name'], mimetype='text/plain')


@app.route('/hello-made')
def hello_made():
    answer = make_response('Hello ' + request.cookies.get('name'))
    return answer


@app.route('/hello-markup')
def hello_markup():
    return render_template('x.html', text=Markup(request.args['text']))


@app.route('/template')
def template():
    render_template_string('Hello {{ name }}', name=request.args['name'])
    return render_template_string('Hello ' + request.args['name'])


@app.route('/go')
def go():
    return redirect(request.args['to'])


@app.route('/go-home')
def go_home():
    return redirect(url_for('hello', name=request.args['to']))


@app.route('/go-listed')
def go_listed():
    to = request.args.get('to')
    if to == '/a' or to == '/b':
        return redirect(to)
    return redirect('/')


@app.route('/fetch')
def fetch():
    requests.get(request.args['url'], timeout=3)
    urllib.request.urlopen('http://' + request.args['host'] + '/')
    requests.get('https://api.example.com/', params={'q': request.args['q']}, timeout=3)
    return 'ok'


@app.route('/state')
def state():
    raw = base64.b64decode(request.cookies['state'])
    one = pickle.loads(raw)
    two = yaml.load(raw, Loader=yaml.SafeLoader)
    three = yaml.load(raw, Loader=yaml.UnsafeLoader)
    four = json.loads(raw)
    return str([one, two, three, four])


@app.route('/xml', methods=['POST'])
def xml():
    tree = lxml.etree.parse('users.xml')
    name = request.form['name']
    tree.xpath("//user[name='" + name + "']")
    tree.xpath('//user[name=$name]', name=name)
    lxml.etree.fromstring(request.data)
    lxml.etree.fromstring(request.data, lxml.etree.XMLParser(resolve_entities=False))
    return 'ok'


@app.route('/people')
def people():
    connection = ldap.initialize('ldap://directory')
    uid = request.args['uid']
    connection.search_s('dc=example', ldap.SCOPE_SUBTREE, f'(uid={uid})')
    connection.search_s('dc=example', ldap.SCOPE_SUBTREE, '(uid=%s)' % ldap.filter.escape_filter_chars(uid))
    return 'ok'


@app.route('/hash')
def digest():
    password = request.form['password'].encode()
    hashlib.md5(password).hexdigest()
    hashlib.new('sha1', password)
    hashlib.sha256(password).hexdigest()
    hashlib.new('sha512', password)
    hashlib.md5(password, usedforsecurity=False)
    return 'ok'


@app.route('/token')
def token():
    reset_token = ''.join(random.choice('abcdef') for _ in range(20))
    strong_token = secrets.token_hex(16)
    other_token = str(random.SystemRandom().randint(0, 9999))
    colour = random.choice(['red', 'blue'])
    return reset_token + strong_token + other_token + colour


@app.route('/login')
def login():
    answer = make_response('ok')
    answer.set_cookie('session', secrets.token_hex(), secure=False, httponly=True)
    answer.set_cookie('session', secrets.token_hex(), secure=True, httponly=True)
    return answer


@app.route('/keep')
def keep():
    session['name'] = request.args['name']
    session['count'] = int(request.args['count'])
    return 'ok'


@app.route('/log')
def log():
    logging.info('name %s', request.args['name'])
    logging.info('name %s', request.args['name'].replace('\n', '').replace('\r', ''))
    return 'ok'


@app.route('/pattern')
def pattern():
    re.search(request.args['p'], 'text')
    re.search(re.escape(request.args['p']), 'text')
    return 'ok'


@app.route('/who')
def who():
    jwt.decode(request.headers['Authorization'], options={'verify_signature': False})
    jwt.decode(request.headers['Authorization'], os.environ['KEY'], algorithms=['HS256'])
    requests.get('https://example.com', verify=False, timeout=3)
    requests.get('https://example.com', verify=True, timeout=3)
    tempfile.mktemp()
    tempfile.mkstemp()
    os.chmod('/srv/key', 0o777)
    os.chmod('/srv/key', 0o600)
    return 'ok'
