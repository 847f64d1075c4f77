package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = request.getHeader("name");
    String bar;
    try {
      bar = java.net.URLDecoder.decode(param, "UTF-8");
    } catch (java.io.UnsupportedEncodingException e) {
      bar = "";
    }
    java.io.FileInputStream in = new java.io.FileInputStream(new java.io.File("/data/" + bar));
  }
}
