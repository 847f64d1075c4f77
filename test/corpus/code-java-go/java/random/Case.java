package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    float number = new java.util.Random().nextFloat();
  }
}
