import sqlite3
import configparser
from flask import Flask, request, session, jsonify

app = Flask(__name__)


def connect():
    return sqlite3.connect('shop.db')


def quoted(text):
    return "'" + text + "'"


def only_digits(text):
    return ''.join(ch for ch in text if ch.isdigit()) or '0'


@app.route('/orders')
def orders():
    customer = request.args.get('customer', '')
    cursor = connect().cursor()
    cursor.execute("SELECT * FROM orders WHERE customer = " + quoted(customer))
    return jsonify(cursor.fetchall())


@app.route('/orders/by-number')
def by_number():
    number = request.args.get('number', '0')
    cursor = connect().cursor()
    cursor.execute('SELECT * FROM orders WHERE number = %d' % int(number))
    return jsonify(cursor.fetchall())


@app.route('/orders/late')
def late():
    limit = 31
    region = request.form['region']
    if 6 * 7 + limit > 70:
        chosen = 'north'
    else:
        chosen = region
    connect().cursor().execute(f"SELECT * FROM orders WHERE region = '{chosen}'")
    return 'ok'


@app.route('/orders/early')
def early():
    limit = 31
    region = request.form['region']
    if 6 * 7 + limit < 70:
        chosen = 'north'
    else:
        chosen = region
    connect().cursor().execute(f"SELECT * FROM orders WHERE region = '{chosen}'")
    return 'ok'


@app.route('/orders/list')
def from_list():
    wanted = request.headers.get('X-Region')
    values = []
    values.append('east')
    values.append(wanted)
    values.append('west')
    values.pop(0)
    region = values[0]
    connect().execute("SELECT * FROM orders WHERE region = '" + region + "'")
    return 'ok'


@app.route('/orders/list-safe')
def from_list_safe():
    wanted = request.headers.get('X-Region')
    values = []
    values.append('east')
    values.append(wanted)
    values.append('west')
    values.pop(0)
    region = values[1]
    connect().execute("SELECT * FROM orders WHERE region = '" + region + "'")
    return 'ok'


@app.route('/orders/map')
def from_map():
    box = {}
    box['first'] = 'plain'
    box['second'] = request.cookies.get('region')
    region = box['second']
    connect().execute('SELECT * FROM orders WHERE region = "%s"' % region)
    region = box['first']
    connect().execute('SELECT * FROM orders WHERE region = "%s"' % region)
    return 'ok'


@app.route('/orders/settings')
def from_settings():
    settings = configparser.ConfigParser()
    settings.add_section('shop')
    settings.set('shop', 'one', 'fixed')
    settings.set('shop', 'two', request.args['two'])
    connect().execute("SELECT * FROM t WHERE a = '" + settings.get('shop', 'one') + "'")
    connect().execute("SELECT * FROM t WHERE a = '" + settings.get('shop', 'two') + "'")
    return 'ok'


@app.route('/orders/sorted')
def sort_orders():
    columns = {'date': 'created_at', 'price': 'total'}
    column = columns.get(request.args.get('sort'), 'created_at')
    connect().execute('SELECT * FROM orders ORDER BY ' + column)
    return 'ok'


@app.route('/orders/sorted-any')
def sort_any():
    column = request.args.get('sort')
    connect().execute('SELECT * FROM orders ORDER BY ' + column)
    return 'ok'


@app.route('/orders/match')
def match_case():
    guess = 'ABC'[1]
    match guess:
        case 'A':
            bar = request.args['x']
        case 'B':
            bar = 'fine'
        case _:
            bar = request.args['x']
    connect().execute("SELECT * FROM t WHERE a = '" + bar + "'")
    return 'ok'


@app.route('/orders/checked')
def checked():
    state = request.args['state']
    if state not in ['open', 'closed']:
        return 'no', 400
    connect().execute("SELECT * FROM orders WHERE state = '" + state + "'")
    return 'ok'


@app.route('/orders/digits')
def digits():
    number = request.args['n']
    if not number.isdigit():
        return 'no', 400
    connect().execute('SELECT * FROM orders WHERE n = ' + number)
    return 'ok'


@app.route('/orders/many', methods=['POST'])
def many():
    statement = 'DELETE FROM orders WHERE id IN ('
    for number in request.form.getlist('id'):
        statement += number + ','
    connect().executescript(statement + '0)')
    return 'ok'


@app.route('/orders/marks', methods=['POST'])
def marks():
    numbers = request.form.getlist('id')
    holes = ','.join('?' for _ in numbers)
    connect().execute('DELETE FROM orders WHERE id IN (' + holes + ')', numbers)
    return 'ok'


@app.route('/orders/try')
def tried():
    try:
        limit = int(request.args['limit'])
    except ValueError:
        limit = 10
    connect().execute(f'SELECT * FROM orders LIMIT {limit}')
    return 'ok'


@app.route('/orders/<int:number>')
def typed(number: int):
    connect().execute(f'SELECT * FROM orders WHERE id = {number}')
    return 'ok'


@app.route('/orders/of/<name>')
def of_name(name):
    connect().execute(f"SELECT * FROM orders WHERE name = '{name}'")
    return 'ok'


class Store:
    def __init__(self, path):
        self.connection = sqlite3.connect(path)

    def search(self, text):
        return self.connection.execute("SELECT * FROM t WHERE a LIKE '%" + text + "%'")

    def count(self, text):
        return self.connection.execute('SELECT count(*) FROM t WHERE a = ?', (text,))


@app.route('/search')
def search():
    store = Store('shop.db')
    store.count(request.args['q'])
    return jsonify(store.search(request.args['q']).fetchall())
