const assert = require('node:assert');
const { test } = require('node:test');
const { priceOf } = require('../src/price');

test('ten pieces cost ten times as much', () => {
  assert.strictEqual(priceOf(3, 10), 30);
});
