package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    javax.servlet.http.Cookie cookie = new javax.servlet.http.Cookie("a", "b");
    cookie.setSecure(true);
    response.addCookie(cookie);
  }
}
