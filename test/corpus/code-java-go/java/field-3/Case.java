package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {
  private String kept;

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getQueryString();
    this.kept = param;
    String bar = this.kept;
    java.io.FileInputStream in = new java.io.FileInputStream(new java.io.File("/data/" + bar));
  }
}
