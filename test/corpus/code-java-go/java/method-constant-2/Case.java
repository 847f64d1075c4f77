package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {
  private static String change(HttpServletRequest request, String text) {
    String kept = text;
    return "always";
  }

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    String bar = change(request, param);
    java.sql.Statement statement = open().createStatement();
    statement.executeQuery("SELECT * FROM t WHERE a = '" + bar + "'");
  }
}
