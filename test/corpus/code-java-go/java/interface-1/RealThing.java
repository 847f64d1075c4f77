package cases;

class RealThing implements Thing {
  @Override
  public String change(String text) {
    return text;
  }
}
