package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    java.util.HashMap<String, Object> map = new java.util.HashMap<String, Object>();
    map.put("a", "first");
    map.put("b", param);
    String bar = (String) map.get("b");
    bar = (String) map.get("a");
    response.getWriter().println("<b>" + bar + "</b>");
  }
}
