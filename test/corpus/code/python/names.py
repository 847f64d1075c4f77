"""Names that are put together, secrets that are compared, assertions that guard."""
import hashlib
import hmac
import os
import subprocess

from flask import Flask, abort, request

app = Flask(__name__)
KEY = os.environ['HOOK_KEY'].encode()


@app.route('/names')
def names():
    text = request.args['text']
    getattr(os, 'sys' + 'tem')(text)  # flaw: 78
    getattr(subprocess, 'r' + 'un')([text, '-v'])  # flaw: 78
    getattr(os.path, 'base' + 'name')(text)  # safe: 78
    __import__('o' + 's').popen(text)  # flaw: 78
    globals()['ev' + 'al'](text)  # flaw: 94
    vars(os)['system'](text)  # flaw: 78
    os.__dict__['getcwd']()  # safe: 78
    return 'done'


@app.route('/hook', methods=['POST'])
def hook():
    own = hmac.new(KEY, request.data, 'sha256').hexdigest()
    given = request.headers.get('X-Signature', '')
    if own != given:  # flaw: 208
        abort(403)
    if not hmac.compare_digest(own, given):  # safe: 208
        abort(403)
    if request.headers.get('X-Token') == os.environ['HOOK_TOKEN']:  # flaw: 208
        return 'token'
    if request.form['kind'] == 'token':  # safe: 208
        return 'kind'
    if request.form['password'] != request.form['again']:  # safe: 208
        return 'again'
    return 'done'


def is_whole(path, expected):
    return hashlib.sha256(open(path, 'rb').read()).hexdigest() == expected  # safe: 208


def remove(user, note):
    assert user.is_admin or note.owner == user  # flaw: 617
    assert note is not None  # safe: 617
    note.delete()
