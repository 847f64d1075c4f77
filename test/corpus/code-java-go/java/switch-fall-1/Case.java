package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = "";
    javax.servlet.http.Cookie[] cookies = request.getCookies();
    if (cookies != null) {
      for (javax.servlet.http.Cookie cookie : cookies) {
        if (cookie.getName().equals("name")) {
          param = java.net.URLDecoder.decode(cookie.getValue(), "UTF-8");
        }
      }
    }
    String guess = "ABC";
    char target = guess.charAt(2);
    String bar;
    switch (target) {
      case 'A':
        bar = "a";
        break;
      case 'C':
      case 'D':
        bar = param;
        break;
      default:
        bar = "none";
        break;
    }
    java.sql.Statement statement = open().createStatement();
    statement.executeQuery("SELECT * FROM t WHERE a = '" + bar + "'");
  }
}
