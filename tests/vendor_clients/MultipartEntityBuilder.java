package org.apache.http.entity.mime;

import java.io.File;
import org.apache.http.HttpEntity;

/** In place of the class that a build by the generated pom.xml takes from Maven; no test sends a form by Java. */
public class MultipartEntityBuilder {
    public static MultipartEntityBuilder create() {
        return new MultipartEntityBuilder();
    }

    public MultipartEntityBuilder addBinaryBody(String name, File file) {
        return this;
    }

    public MultipartEntityBuilder addTextBody(String name, String text) {
        return this;
    }

    public HttpEntity build() {
        throw new UnsupportedOperationException();
    }
}
