package cases;

class Fixed {
  static String change(String text) {
    return text.isEmpty() ? "a" : "b";
  }
}
