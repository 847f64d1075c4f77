package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    java.util.List<String> values = new java.util.ArrayList<String>();
    values.add("safe");
    values.add(param);
    values.add("more");
    values.remove(0);
    String bar = values.get(1);
    Runtime runtime = Runtime.getRuntime();
    runtime.exec(new String[] {"sh", "-c", "echo " + bar});
  }
}
