package cases;

class Carrier {
  private final String text;

  Carrier(String text) {
    this.text = text;
  }

  String text() {
    return text;
  }
}
