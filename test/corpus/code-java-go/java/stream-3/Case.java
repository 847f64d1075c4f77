package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    String bar = java.util.stream.Stream.of(param).map(x -> x.trim()).findFirst().get();
    response.getWriter().println("<b>" + bar + "</b>");
  }
}
