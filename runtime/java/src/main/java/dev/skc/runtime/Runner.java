package dev.skc.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.skc.runtime.Manifest.Served;
import dev.skc.runtime.Manifest.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Runs the graph for the rows in some tensors, raises what its guards refuse, and copies the features. */
final class Runner {
  /** The row of a single record, which an error does not name. */
  static final int NO_ROW = -1;

  /** The tensors of a number of rows, in and out. */
  record Workspace(Feeds feeds, Results results) implements AutoCloseable {
    @Override
    public void close() {
      feeds.close();
      results.close();
    }
  }

  private final Manifest manifest;
  private final GraphSession session;
  private final Marshaller marshaller;
  private final List<Tensor> tensors;
  private final List<Served> served;
  private final List<Served> all; // `served`, then the signals, then the guards
  private final String[] names; // of `all`, in the session

  Runner(Manifest manifest, GraphSession session, ModelNames modelNames, Marshaller marshaller) {
    this.manifest = manifest;
    this.session = session;
    this.marshaller = marshaller;
    tensors =
        manifest.tensors().stream()
            .map(t -> new Tensor(modelNames.inSession(t.name()), t.dtype(), t.width()))
            .toList();
    served = manifest.served();
    all = new ArrayList<>(served);
    all.addAll(manifest.masks());
    names = all.stream().map(output -> modelNames.inSession(output.name())).toArray(String[]::new);
  }

  /** The most values that a row has in one tensor. */
  int widest() {
    int widest = 1;
    for (Tensor tensor : tensors) {
      widest = Math.max(widest, tensor.width());
    }
    for (Served output : all) {
      widest = Math.max(widest, output.columns().size());
    }
    return widest;
  }

  Workspace workspace(int rows) {
    Feeds feeds = new Feeds(tensors, rows);
    try {
      return new Workspace(feeds, new Results(all, names, rows));
    } catch (RuntimeException | Error error) {
      feeds.close();
      throw error;
    }
  }

  /** Input tensors alone, for values that are checked and not run. */
  Feeds feeds(int rows) {
    return new Feeds(tensors, rows);
  }

  /** For each output an array of the values of all rows, still to be written. */
  Object[] arrays(int rows) {
    Object[] arrays = new Object[served.size()];
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = served.get(i).dtype().array(Math.multiplyExact(rows, served.get(i).columns().size()));
    }
    return arrays;
  }

  Features features(Object[] arrays, int rows, boolean isSingle) {
    List<Output> outputs = new ArrayList<>(arrays.length);
    for (int i = 0; i < arrays.length; i++) {
      Served spec = served.get(i);
      outputs.add(new Output(spec.name(), spec.dtype(), rows, spec.columns(), arrays[i]));
    }
    return new Features(rows, isSingle, outputs);
  }

  /** Run the rows of a workspace, which are those of a request from {@code start} on, or its only one. */
  void run(Workspace workspace, int start, Object[] arrays) {
    Results results = workspace.results;
    try (OrtSession.Result made = results.run(session, workspace.feeds)) {
      if (manifest.guards() != null) {
        checkGuards(results.bytes(all.size() - 1), workspace.feeds, start);
      }
      for (int i = 0; i < arrays.length; i++) {
        results.copy(i, made, arrays[i], Math.max(start, 0));
      }
    } catch (OrtException error) {
      throw GraphSession.runFailed(error);
    }
  }

  /** The signals of the rows of a workspace, which there must be. */
  ByteBuffer signals(Workspace workspace) {
    return workspace.results.bytes(served.size());
  }

  /** Refuse the first guarded row, and name its first guard. */
  private void checkGuards(ByteBuffer hits, Feeds feeds, int start) {
    int width = manifest.guards().columns().size();
    for (int i = 0; i < feeds.rows * width; i++) {
      if (hits.get(i) != 0) {
        RecordException error = guarded(manifest.guards().columns().get(i % width), feeds, i / width);
        throw start == NO_ROW ? error : error.at(start + i / width);
      }
    }
  }

  private RecordException guarded(Manifest.Guard guard, Feeds feeds, int row) {
    String problem = "step `" + guard.step() + "` refuses the value of `" + guard.input() + "`";
    InputWriter input = marshaller.input(guard.input());
    if (input != null) {
      problem += "; the request has " + Shown.of(feeds.value(input.cell(), row));
    }
    String hint = "the pipeline declares `error` for this; to change the policy, edit the pipeline and compile again";
    SkcException.Place place = new SkcException.Place(guard.input(), null, guard.step());
    return new RecordException(guard.code(), problem, place, hint);
  }
}
