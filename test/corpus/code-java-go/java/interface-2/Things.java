package cases;

class Things {
  static Thing make() {
    return new RealThing();
  }
}
