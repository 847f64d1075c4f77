package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    java.util.Map<String, String[]> given = request.getParameterMap();
    String param = "";
    if (!given.isEmpty()) {
      String[] found = given.get("name");
      if (found != null) param = found[0];
    }
    java.util.Set<String> allowed = java.util.Set.of("a", "b");
    if (!allowed.contains(param)) throw new IllegalArgumentException();
    String bar = param;
    response.getWriter().println("<b>" + bar + "</b>");
  }
}
