package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getParameter("name");
    String guess = "ABC";
    char target = guess.charAt(2);
    String bar;
    switch (target) {
      case 'A':
        bar = "a";
        break;
      case 'C':
      case 'D':
        bar = param;
        break;
      default:
        bar = "none";
        break;
    }
    request.getSession().setAttribute("kept", bar);
  }
}
