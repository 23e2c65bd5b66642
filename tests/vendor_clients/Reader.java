import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Calls the generated client as lines of a file say, and prints each answer as its models show it. */
public class Reader {
    public static void main(String[] arguments) throws Exception {
        var plain = new ObjectMapper();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            JsonNode call = plain.readTree(line);
            var client = new vendor.ApiClient();
            client.updateBaseUri(call.get("url").asText());
            client.setRequestInterceptor(
                request -> call.get("headers").fields().forEachRemaining(one -> request.header(one.getKey(), one.getValue().asText())));
            System.out.println(client.getObjectMapper().writeValueAsString(answer(client, call)));
        }
    }

    private static Object answer(vendor.ApiClient client, JsonNode call) throws Exception {
        Class<?> type = Class.forName("vendor.api." + call.get("api").asText());
        Object api = type.getConstructor(vendor.ApiClient.class).newInstance(client);
        for (Method method : type.getMethods()) {
            JsonNode given = call.get("arguments");
            if (method.getName().equals(call.get("operation").asText()) && method.getParameterCount() == given.size()) {
                Object[] values = new Object[given.size()];
                for (int index = 0; index < values.length; index++) {
                    values[index] = typed(client, given.get(index), method.getParameterTypes()[index]);
                }
                try {
                    return method.invoke(api, values);
                } catch (InvocationTargetException error) {
                    throw (Exception) error.getCause();
                }
            }
        }
        throw new NoSuchMethodException(call.toString());
    }

    private static Object typed(vendor.ApiClient client, JsonNode value, Class<?> type) throws Exception {
        if (type == String.class) {
            return value.asText();
        }
        return type == UUID.class ? UUID.fromString(value.asText()) : client.getObjectMapper().readValue(value.toString(), type);
    }
}
