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
    java.util.Map<String, Object> map = new java.util.HashMap<>();
    map.put("a", "first");
    map.put("b", param);
    String bar = (String) map.get("b");
    javax.naming.directory.DirContext context = directory();
    context.search("ou=x", "(uid=" + bar + ")", new javax.naming.directory.SearchControls());
  }
}
