package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getQueryString();
    String bar = java.util.stream.Stream.of(param).map(x -> x.trim()).findFirst().get();
    request.getSession().setAttribute("kept", bar);
  }
}
