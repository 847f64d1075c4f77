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
    int num = 196;
    String bar;
    if ((500 / 42) + num > 200) bar = param;
    else bar = "fixed";
    request.getSession().setAttribute("kept", bar);
  }
}
