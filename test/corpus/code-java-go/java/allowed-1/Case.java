package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    java.util.Set<String> allowed = java.util.Set.of("a", "b");
    if (!allowed.contains(param)) throw new IllegalArgumentException();
    String bar = param;
    request.getSession().setAttribute("kept", bar);
  }
}
