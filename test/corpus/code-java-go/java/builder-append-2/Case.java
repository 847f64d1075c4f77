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
    StringBuffer buffer = new StringBuffer("x");
    buffer.append(param);
    buffer.insert(0, "y");
    String bar = buffer.toString();
    Runtime runtime = Runtime.getRuntime();
    runtime.exec(new String[] {"sh", "-c", "echo " + bar});
  }
}
