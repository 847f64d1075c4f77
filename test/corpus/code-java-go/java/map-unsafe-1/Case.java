package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getParameter("name");
    java.util.Map<String, Object> map = new java.util.HashMap<>();
    map.put("a", "first");
    map.put("b", param);
    String bar = (String) map.get("b");
    Runtime runtime = Runtime.getRuntime();
    runtime.exec(new String[] {"sh", "-c", "echo " + bar});
  }
}
