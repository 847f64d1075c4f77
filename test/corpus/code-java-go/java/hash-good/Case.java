package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    String name = "SHA-512";
    java.security.MessageDigest digest = java.security.MessageDigest.getInstance(name);
  }
}
