package acme.stamps;

import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Properties;

final class Stamp {
  static byte[] of(byte[] parcel) throws IOException, GeneralSecurityException {
    Properties office = new Properties();
    try (InputStream opened = Stamp.class.getResourceAsStream("office.properties")) {
      office.load(opened);
    }
    String kind = office.getProperty("stamp.digest", "SHA-384");
    return MessageDigest.getInstance(kind).digest(parcel);
  }
}
