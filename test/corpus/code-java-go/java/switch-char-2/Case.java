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
    String guess = "ABC";
    char target = guess.charAt(1);
    String bar;
    switch (target) {
      case 'A':
        bar = param;
        break;
      case 'B':
        bar = "bob";
        break;
      default:
        bar = "none";
        break;
    }
    Runtime runtime = Runtime.getRuntime();
    runtime.exec(new String[] {"sh", "-c", "echo " + bar});
  }
}
