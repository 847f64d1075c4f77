package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {
  private static String change(HttpServletRequest request, String text) {
    String changed = text.trim();
    return changed;
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
    String bar = change(request, param);
    Runtime runtime = Runtime.getRuntime();
    runtime.exec(new String[] {"sh", "-c", "echo " + bar});
  }
}
