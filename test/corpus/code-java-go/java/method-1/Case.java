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
    java.util.Enumeration<String> headers = request.getHeaders("name");
    if (headers != null && headers.hasMoreElements()) {
      param = headers.nextElement();
    }
    String bar = change(request, param);
    response.getWriter().println("<b>" + bar + "</b>");
  }
}
