import java.io.File;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/** Prints which options each class of the jars named takes, one class a line: its name, then its options. */
public class RealOptions {
    private static final Map<String, TreeSet<String>> FOUND = new TreeMap<>();

    public static void main(String[] folders) throws Exception {
        for (String folder : folders)
            for (File file : new File(folder).listFiles())
                if (file.getName().matches("(debezium|connect)-.*\\.jar")) readJar(file);
        FOUND.forEach((name, options) -> System.out.println(name + " " + String.join(" ", options)));
    }

    private static void readJar(File file) throws Exception {
        try (JarFile jar = new JarFile(file)) {
            for (JarEntry entry : jar.stream().collect(Collectors.toList())) {
                String name = entry.getName();
                if (!name.matches("(io/debezium|org/apache/kafka/connect)/.*\\.class")) continue;
                readClass(name.substring(0, name.length() - ".class".length()).replace('/', '.'));
            }
        }
    }

    /** What `config()` gives, and the static ConfigDefs and Debezium fields, some of which no ConfigDef lists. */
    private static void readClass(String name) {
        try {
            Class<?> found = Class.forName(name, false, RealOptions.class.getClassLoader());
            for (Field field : found.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) continue;
                String type = field.getType().getName();
                if (!type.equals("io.debezium.config.Field") && !type.equals("org.apache.kafka.common.config.ConfigDef")) continue;
                field.setAccessible(true);
                note(name, field.get(null));
            }
            for (String method : List.of("configDef", "baseConfigDef")) callStatic(found, method);
            if (Modifier.isAbstract(found.getModifiers()) || found.isInterface()) return;
            if (Arrays.stream(found.getMethods()).noneMatch(method -> method.getName().equals("config") && method.getParameterCount() == 0)) return;
            Constructor<?> constructor = found.getDeclaredConstructor();
            constructor.setAccessible(true);
            FOUND.computeIfAbsent(name, key -> new TreeSet<>());
            note(name, found.getMethod("config").invoke(constructor.newInstance()));
        } catch (ReflectiveOperationException | LinkageError failure) {
            // A class of an optional library, or one that no configuration makes.
        }
    }

    private static void callStatic(Class<?> found, String method) throws ReflectiveOperationException {
        try {
            var declared = found.getDeclaredMethod(method);
            if (!Modifier.isStatic(declared.getModifiers())) return;
            declared.setAccessible(true);
            note(found.getName(), declared.invoke(null));
        } catch (NoSuchMethodException missing) {
            // Most classes have none.
        }
    }

    private static void note(String owner, Object value) throws ReflectiveOperationException {
        if (value == null) return;
        TreeSet<String> options = FOUND.computeIfAbsent(owner, key -> new TreeSet<>());
        if (value.getClass().getName().equals("io.debezium.config.Field")) {
            options.add(value.toString());
        } else if (value instanceof org.apache.kafka.common.config.ConfigDef) {
            for (String name : ((org.apache.kafka.common.config.ConfigDef) value).names()) if (!name.isEmpty()) options.add(name);
        }
    }
}
