package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {
  private class Inner {
    String change(String text) {
      return text + "!";
    }
  }

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
    String bar = new Inner().change(param);
    response.getWriter().println("<b>" + bar + "</b>");
  }
}
