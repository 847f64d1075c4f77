package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    StringBuilder builder = new StringBuilder(param);
    String bar = builder.append("_x").toString();
    java.io.FileInputStream in = new java.io.FileInputStream(new java.io.File("/data/" + bar));
  }
}
