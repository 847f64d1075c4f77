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
    int num = 86;
    String bar = (7 * 42) - num > 200 ? param : "fixed";
    java.sql.Statement statement = open().createStatement();
    statement.executeQuery("SELECT * FROM t WHERE a = '" + bar + "'");
  }
}
