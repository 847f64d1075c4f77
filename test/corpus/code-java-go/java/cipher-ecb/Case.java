package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    javax.crypto.Cipher cipher = javax.crypto.Cipher.getInstance("AES/ECB/PKCS5Padding");
  }
}
