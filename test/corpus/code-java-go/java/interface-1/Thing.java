package cases;

interface Thing {
  String change(String text);
}
