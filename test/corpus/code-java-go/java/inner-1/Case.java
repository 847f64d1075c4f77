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
    String param = request.getParameter("name");
    String bar = new Inner().change(param);
    request.getSession().setAttribute("kept", bar);
  }
}
