package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = "";
    java.util.Enumeration<String> headers = request.getHeaders("name");
    if (headers != null && headers.hasMoreElements()) {
      param = headers.nextElement();
    }
    java.util.Map<String, Object> map = new java.util.HashMap<>();
    map.put("a", "first");
    map.put("b", param);
    String bar = (String) map.get("b");
    java.sql.Statement statement = open().createStatement();
    statement.executeQuery("SELECT * FROM t WHERE a = '" + bar + "'");
  }
}
