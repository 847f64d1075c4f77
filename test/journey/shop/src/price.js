/** Price of some pieces, in cents. */
function priceOf(each, pieces) {
  return each * pieces;
}

module.exports = { priceOf };
