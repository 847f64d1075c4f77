package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getQueryString();
    String bar = param;
    bar = "fixed";
    java.sql.Statement statement = open().createStatement();
    statement.executeQuery("SELECT * FROM t WHERE a = '" + bar + "'");
  }
}
