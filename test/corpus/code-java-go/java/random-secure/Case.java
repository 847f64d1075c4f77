package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    double number = java.security.SecureRandom.getInstance("SHA1PRNG").nextDouble();
  }
}
