import hashlib
import os
import pickle
import sqlite3
import subprocess

import yaml
from flask import Flask, redirect, request

app = Flask(__name__)


@app.route("/orders")
def orders():
    connection = sqlite3.connect("shop.db")
    name = request.args.get("name")
    rows = connection.execute("SELECT * FROM orders WHERE name = '%s'" % name)  # PLANT[CWE-89]
    return {"orders": rows.fetchall()}


@app.route("/orders-safe")
def orders_safe():
    connection = sqlite3.connect("shop.db")
    rows = connection.execute("SELECT * FROM orders WHERE name = ?", (request.args.get("name"),))
    return {"orders": rows.fetchall()}


@app.route("/ping")
def ping():
    host = request.args["host"]
    return subprocess.check_output("ping -c 1 " + host, shell=True)  # PLANT[CWE-78]


@app.route("/restore", methods=["POST"])
def restore():
    return {"count": len(pickle.loads(request.data))}  # PLANT[CWE-502]


@app.route("/settings", methods=["POST"])
def settings():
    return {"settings": yaml.load(request.data, Loader=yaml.Loader)}  # PLANT[CWE-502]


@app.route("/invoice")
def invoice():
    with open(os.path.join("invoices", request.args["name"])) as file:  # PLANT[CWE-22]
        return file.read(), 200, {"Content-Type": "text/plain"}


@app.route("/next")
def next_page():
    return redirect(request.args["url"])  # PLANT[CWE-601]


def checksum(text):
    return hashlib.md5(text.encode()).hexdigest()


if __name__ == "__main__":
    app.run(debug=True)  # PLANT[CWE-489]
